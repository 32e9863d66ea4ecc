create table log_head (
    name text primary key,
    size bigint not null,
    root ${bytes} not null,
    released bigint not null,
    checkpoint ${bytes} not null
);

create table log_tile (
    level integer not null,
    position bigint not null,
    content ${bytes} not null,
    primary key (level, position)
);

create table log_leaf (
    hash text primary key,
    position bigint not null
);
