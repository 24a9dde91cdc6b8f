//! A bucket without versions, where another object may take the place of the one that was judged.

use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::Trial;
use tokio::time::sleep;
use warden_control_plane::s3::ObjectId;
use warden_local::follow::put_object;
use warden_local::scenario::Expected;

use super::orders::{Desk, task};
use crate::world::{Running as _, Stage, World, assert_right};

pub fn trials(stage: &Arc<Stage>) -> Vec<Trial> {
    let name = "reliability::what_takes_the_place_of_what_was_judged_stays";
    vec![stage.faulty_trial(name, Vec::new(), overwritten)]
}

async fn overwritten(world: Arc<World>) {
    let (bucket, key) = ("overwritten-without-versions", "card.png");
    world.bucket(bucket, false).await;
    world.put(bucket, key, "business-card.png").await;
    let desk = Desk::of(world.engine().endpoint());
    desk.order(&[task("s3", "DeleteObject").with(bucket).next(1).late(Duration::from_secs(4))]).await;
    let overwrite = async {
        while desk.left().await > 0 {
            sleep(Duration::from_millis(20)).await;
        }
        world.put(bucket, key, "chart.png").await;
    };
    let event = put_object(bucket, key, None);
    let (seen, ()) = tokio::join!(world.replay(&event), overwrite);

    assert_right(Expected::TOLD, &seen);
    let found = world.s3().get(ObjectId::current(bucket, key)).await.unwrap();
    let bytes = found.bytes().await.unwrap();
    assert_eq!(bytes, std::fs::read(world.sample("chart.png")).unwrap());
}
