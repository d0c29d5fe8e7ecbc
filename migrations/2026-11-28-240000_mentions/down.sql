alter table comments drop column mentions;
