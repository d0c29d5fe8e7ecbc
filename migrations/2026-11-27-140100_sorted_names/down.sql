drop index task_forces_by_english_name;
drop index task_forces_by_arabic_name;
drop index users_by_english_name;
drop index users_by_arabic_name;
drop function sort_key;
