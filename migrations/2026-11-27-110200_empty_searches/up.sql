-- The LIKE pattern for texts that contain this one, folded. A text of which nothing is left when it is folded, such as a
-- diacritic alone, is contained in none: its pattern is null.
create or replace function holding(value text) returns text
language sql immutable parallel safe
return '%' || nullif(replace(replace(replace(btrim(fold(value)), '\', '\\'), '%', '\%'), '_', '\_'), '') || '%';

-- The extension of the trigram indexes, which are gone. It stays where something else depends on it, or where it belongs to
-- another role.
do $$
begin
    drop extension if exists pg_trgm;
exception
    when dependent_objects_still_exist or insufficient_privilege then null;
end
$$;
