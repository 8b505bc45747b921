//! What preflight says of the files of a campaign.

use nexus_domain::MediaType;
use nexus_domain::ports::SenderProfile;

use super::preflighting::{checked, found_with, preflight, storage, tally};
use super::*;

/// A campaign with this content and file over a WhatsApp that takes the credentials.
async fn with_files(content: CampaignContent, files: Vec<MediaFile>) -> Preflight {
    let campaign = Campaign {
        content,
        ..campaign()
    };
    let storage = storage(ready(), found_with(campaign, files, None), tally());
    let bench = bench_with(storage, [checked(1, Ok(SenderProfile::default()))]);
    preflight(&bench).await
}

#[tokio::test]
async fn files_that_dont_go_with_the_message_are_an_error() {
    let written = |length: usize| CampaignContent::Text(text(&"ñ".repeat(length)));
    let of = |media_type| MediaFile {
        media_type,
        ..file()
    };
    let large = MediaFile {
        size: 5 * 1_024 * 1_024 + 1,
        ..file()
    };
    let name = file().file_name.to_string();
    for (content, files, expected) in [
        (written(1_024), vec![file()], None),
        (CampaignContent::FileOnly, vec![of(MediaType::Mp3)], None),
        (written(4_000), vec![], None),
        (
            CampaignContent::FileOnly,
            vec![],
            Some(FileProblem::NothingToSend),
        ),
        (
            written(1),
            vec![file(), file()],
            Some(FileProblem::TooMany { count: 2, max: 1 }),
        ),
        (
            written(1),
            vec![of(MediaType::Mp3)],
            Some(FileProblem::TextBesideSound),
        ),
        (
            written(1_025),
            vec![file()],
            Some(FileProblem::CaptionTooLong { max: 1_024 }),
        ),
        (
            written(1),
            vec![large],
            Some(FileProblem::TooLarge {
                name,
                max_bytes: 5 * 1_024 * 1_024,
            }),
        ),
    ] {
        let found = with_files(content, files.clone()).await;
        let expected: Vec<_> = expected.into_iter().map(Obstacle::FilesUnusable).collect();
        assert_eq!(found.errors, expected);
        assert_eq!(found.files, files);
    }
}

#[tokio::test]
async fn a_file_that_is_not_stored_any_more_is_an_error() {
    let mut files = MockFileStore::new();
    files.expect_open().returning(|_, _| Ok(None));
    let storage = storage(ready(), found_with(campaign(), vec![file()], None), tally());
    let mut bench = bench_with(storage, [checked(1, Ok(SenderProfile::default()))]);
    bench.campaigns.ports.media.files = Arc::new(files);
    let name = file().file_name.to_string();
    let expected = Obstacle::FilesUnusable(FileProblem::Missing { name });
    assert_eq!(preflight(&bench).await.errors, [expected]);
}
