create table silence (
    address_hash text primary key,
    since bigint not null
);

create table bounced (
    address text primary key,
    until bigint not null
);
