//! Wadi Rayhan: a task force in state `forming`, with three members.

use super::content::Team;
use super::seeder::Seeder;
use crate::app::Result;

const TEAM: Team = Team {
    name: (
        "فريق عمل المدينة الذكية في وادي الريحان (مثال)",
        "Smart city task force of Wadi Rayhan (example)",
    ),
    city: ("وادي الريحان", "Wadi Rayhan"),
    mandate: (
        "تشكيل فريق عمل صغير من الخبراء للبدء بتطبيقات المدينة الذكية.",
        "Form a small task force of experts to begin with smart city applications.",
    ),
    time_zone: "Asia/Amman",
    max_sectors: 3,
    evolution_stage: None,
    maturity_level: 1,
    next_council: 45,
    seats: &[4, 6, 8],
    targets: [0; 5],
};

pub(super) async fn create(seeder: &mut Seeder) -> Result<()> {
    seeder.create_task_force(&TEAM).await.map(drop)
}
