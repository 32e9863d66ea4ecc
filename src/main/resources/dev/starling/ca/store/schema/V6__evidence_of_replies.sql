create table evidence (
    authz text primary key,
    mail ${bytes} not null,
    domain text not null,
    selector text not null,
    key_record text not null,
    policy text not null,
    dnssec integer not null,
    taken bigint not null
);
