-- What a request for a new account said to bind it (RFC 8555, section 7.3.4), which is shown with the account: a JSON
-- object whose member `is` it is. Of accounts that were bound before nothing is known.
alter table external_account add column said text not null default '';
create index external_account_of on external_account (account);
