//! Studies: ways of a sector's digital transformation, and which of them is recommended.

use uuid::Uuid;

use super::Result;
use super::resource::{self, ParentResource as _, part};
use super::write::WriteTx;
use crate::db::sectors::SectorDetail;
use crate::db::studies::{Study, StudyFields};
use crate::db::{self, Conn, QueryResult};
use crate::domain::event::{EventAction, SubjectKind};

part!(
    Study, StudyFields, studies, of SectorDetail, sectors as "sectorId",
    Study: StudyCreated, StudyUpdated, StudyDeleted
);
