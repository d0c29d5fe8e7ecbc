//! Outages, crashes, slow clients, random commands and random input.

mod clock;
mod cluster;
mod fuzz;
mod housekeeping;
mod limits;
mod outages;
mod output;
mod process;
mod properties;
mod races;
mod standstill;
mod storage;
mod torture;
