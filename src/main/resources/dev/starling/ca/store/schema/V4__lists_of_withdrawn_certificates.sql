create table crl (
    issuer text not null,
    number bigint not null,
    made bigint not null,
    next_update bigint not null,
    der ${bytes} not null,
    primary key (issuer, number)
);
