-- Who may make an account, where the operator chooses them (RFC 8555, section 7.3.4). Their keys are not here: they are
-- made of the ids and a secret in a file.
create table external_account (
    id text primary key,
    label text not null,
    created bigint not null,
    ended bigint not null,
    account text not null
);
