-- A mail carries the code of an authorization, or the certificate that came of it.
alter table mail_waiting add column kind text not null default 'code';
