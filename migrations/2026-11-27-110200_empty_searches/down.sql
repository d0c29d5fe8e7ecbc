create extension if not exists pg_trgm;

create or replace function holding(value text) returns text
language sql immutable parallel safe
return '%' || replace(replace(replace(btrim(fold(value)), '\', '\\'), '%', '\%'), '_', '\_') || '%';
