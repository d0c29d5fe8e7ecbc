//! To other servers: functions here hand over what the service has to tell, and say how the other server answered. What is
//! told, to whom and when again is decided in `app`.

pub mod https;
pub mod networks;
pub mod smtp;
