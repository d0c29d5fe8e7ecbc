drop table page_links;
