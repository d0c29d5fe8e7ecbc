drop table report_files;
