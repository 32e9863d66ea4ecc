-- What the DNS said of a mailbox's domain: the subject is an authorization before its mail, or an order before its
-- certificate.
create table domain_look (
    subject text primary key,
    domain text not null,
    verdict text not null,
    mail text not null,
    caa text not null,
    dnssec text not null,
    taken bigint not null
);
