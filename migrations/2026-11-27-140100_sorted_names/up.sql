-- Lists sorted by title or name. The key is folded as texts for searches are, so that case, diacritics and the forms of
-- the alef do not count, and it is short enough for a cursor. The collation of keys is "C": no upgrade of a library
-- changes it.
create function sort_key(value jsonb, language text) returns text
language sql immutable parallel safe
return left(fold(coalesce(value ->> language, value ->> 'ar', value ->> 'en')), 100);

create index users_by_arabic_name on users (sort_key(name, 'ar') collate "C", id);
create index users_by_english_name on users (sort_key(name, 'en') collate "C", id);
create index task_forces_by_arabic_name on task_forces (sort_key(name, 'ar') collate "C", id);
create index task_forces_by_english_name on task_forces (sort_key(name, 'en') collate "C", id);
