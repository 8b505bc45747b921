use super::*;

#[test]
fn name_every_field_that_is_missing() {
    let missing = whatsapp_credentials(&PaperSealer, &user()).expect_err("missing");
    assert_eq!(
        missing.missing,
        ["whatsapp_api_key", "whatsapp_phone_number_id"]
    );
}

#[test]
fn of_another_user_do_not_open() {
    let mut thief = user();
    let field = SecretField::WhatsappApiKey;
    thief.id = UserId::new(now(), entropy().as_ref());
    let other = UserId::new(now() + chrono::TimeDelta::days(1), entropy().as_ref());
    thief
        .keys
        .insert(field, PaperSealer.seal(other, field, &KEY.into()));
    let missing = whatsapp_credentials(&PaperSealer, &thief).expect_err("missing");
    assert!(missing.missing.contains(&"whatsapp_api_key"));
}
