create table account (
    id text primary key,
    thumbprint text not null unique,
    jwk text not null,
    status text not null,
    contact text not null,
    created bigint not null
);

create table authz (
    id text primary key,
    account text not null,
    type text not null,
    value text not null,
    status text not null,
    part1 text not null unique,
    created bigint not null,
    expires bigint not null,
    validated bigint not null,
    proof text not null,
    error text not null
);
create index authz_of_account on authz (account, type, value);

create table challenge (
    id text primary key,
    authz text not null,
    type text not null,
    token text not null,
    status text not null,
    tries integer not null,
    validated bigint not null,
    error text not null
);
create index challenge_of_authz on challenge (authz);

create table cert_order (
    id text primary key,
    account text not null,
    authz text not null,
    type text not null,
    value text not null,
    status text not null,
    created bigint not null,
    expires bigint not null,
    csr ${bytes} not null,
    serial text not null,
    replaces text not null,
    error text not null
);
create index order_of_account on cert_order (account, created);
create index order_of_authz on cert_order (authz);
create index order_unfinished on cert_order (status);

create table certificate (
    serial text primary key,
    cert_order text not null,
    account text not null,
    type text not null,
    value text not null,
    device text not null,
    issuer text not null,
    to_be_signed ${bytes} not null,
    chain text not null,
    not_before bigint not null,
    not_after bigint not null,
    revoked bigint not null,
    reason integer not null,
    log_index bigint not null
);
create index certificate_of_order on certificate (cert_order);
create index certificate_of_value on certificate (value, not_before);
create index certificate_revoked on certificate (issuer, revoked);

create table mail_sent (
    address text not null,
    domain text not null,
    account text not null,
    network text not null,
    sent bigint not null
);
create index mail_sent_at on mail_sent (sent);
create index mail_sent_to on mail_sent (address, sent);
create index mail_sent_domain on mail_sent (domain, sent);

create table mail_waiting (
    authz text primary key,
    language text not null,
    attempts integer not null,
    due bigint not null
);

create table secret (
    name text primary key,
    value ${bytes} not null
);

create table used_nonce (
    nonce text primary key,
    expires bigint not null
);

create table audit (
    id ${serial},
    at bigint not null,
    event text not null,
    subject text not null,
    detail text not null
);
create index audit_at on audit (at);
create index audit_subject on audit (subject);
