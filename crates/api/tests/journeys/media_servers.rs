//! Files of campaigns on another server than the one that took them, as after a restart.

use crate::campaigns::path_of;
use crate::shop::{Shop, in_shops};
use serde_json::json;

in_shops! {
    a_file_is_there_on_every_server_of_the_folder,
}

async fn a_file_is_there_on_every_server_of_the_folder(mut shop: Shop) {
    let campaign = json!({"name": "A", "channel": "whatsapp", "message": "Hola"});
    let campaign = path_of(&shop.browser.campaign(campaign).await);
    let content = b"%PDF-1.7 una carta".as_slice();
    let file = shop.browser.attached(&campaign, "carta.pdf", content).await;
    let mut after = shop.another_server().await;
    let (status, _, read) = after.content(&file).await;
    assert_eq!(status, 200);
    assert_eq!(read, content);
    let again = after.attach(&campaign, "otra.pdf", b"%PDF-1.7").await;
    again.assert_problem(409, "media_limit");
    assert_eq!(after.delete(&file).await.status, 200);
    let gone = shop.browser.get(&file).await;
    gone.assert_problem(404, "not_found");
}
