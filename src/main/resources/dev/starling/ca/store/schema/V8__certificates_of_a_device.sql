-- Whether a key was certified before is asked for each certificate.
create index certificate_of_device on certificate (device);
