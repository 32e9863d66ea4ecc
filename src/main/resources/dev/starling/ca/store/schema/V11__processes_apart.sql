-- What the processes of a CA tell one another, so that each can check it (docs/decisions/0042).

-- That a mailbox was proven, signed by whoever judged it.
create table receipt (
    authz text primary key,
    address text not null,
    way text not null,
    holder text not null,
    proven bigint not null,
    evidence text not null,
    signature ${bytes} not null
);

-- The request in which an account, by its signature, asked for the certificate of an order.
create table finalization (
    cert_order text primary key,
    request ${bytes} not null
);

-- Answers to challenges that wait for whoever can judge them.
create table answer (
    challenge text primary key,
    response text not null,
    thumbprint text not null
);

-- What everybody may know of the processes that hold keys.
create table shown (
    name text primary key,
    value ${bytes} not null
);

-- Codes are made of a key from now on and kept nowhere: those that are out there no longer count.
update challenge set status = 'invalid'
    where status in ('pending', 'processing') and authz in (select id from authz where status = 'pending');
update cert_order set status = 'invalid', error = 'unauthorized The CA was renewed. Ask again.' where status = 'pending';
delete from mail_waiting where kind = 'code';
update authz set status = 'invalid', error = 'unauthorized The CA was renewed. Ask again.' where status = 'pending';
-- The column had the codes; it stays because SQLite cannot drop one that is unique.
update authz set part1 = id;
