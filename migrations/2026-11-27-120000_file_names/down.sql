alter table evidence drop column file_name;
