-- The requests by which accounts changed their keys (RFC 8555, section 7.3.5), as they came: whoever believes signatures
-- alone follows a proof by them, from the key that it names to the one of today. n counts from 1.
create table key_change (
    account text not null,
    n bigint not null,
    request ${bytes} not null,
    primary key (account, n)
);
