"""What a person is told of credentials: those for providers, and the keys that seal them."""

CREDENTIAL_ERRORS = {
    "key_missing": "{provider} has no key. Put {setting}=… into the file .env and start Maestro again, or "
    "pick the demo model.",
    "key_missing_here": "There is no key for {provider} here. Add your own in the settings, or pick another "
    "model.",
    "provider": "There is no such provider here.",
    "credential": "There is no credential for this provider.",
    "credential_kind": "{provider} takes no credential of this kind here.",
    "credential_refused": "{provider} {trouble}, so it was not kept.",
    "credential_untested": "{provider} {trouble}, so the credential could not be tried. Nothing was kept; "
    "try again in a moment, or store it untried.",
    "service_account": "This is no service account of Google Cloud: its {what} cannot be used. Paste the "
    "whole JSON file, as it was downloaded.",
    "sign_in": "This sign-in has ended. Begin it again.",
    "key_malformed": "The key in {setting} holds a space, a line break or a letter that no key has. "
    "Copy it again, whole.",
    "sign_in_not_offered": "{provider} offers no sign-in here. Paste a key instead.",
    "sign_in_client_missing": "Signing in at {provider} needs a client of this server’s own: set {setting}.",
    "sign_in_not_private": "Signing in at {provider} works only over https, or on this machine.",
    "sign_in_state": "This sign-in was not begun here. Begin it again.",
    "sign_in_expired": "The sign-in at {provider} took too long. Begin it again.",
    "sign_in_denied": "{provider} was told not to let Maestro in. Nothing was changed.",
    "sign_in_refused": "{provider} refused the sign-in ({reason}). Begin it again.",
    "sign_in_scope": "Not everything was allowed at {provider}. Begin again and leave every box ticked.",
    "sign_in_answer": "{provider} gave no usable answer to the sign-in. Try again.",
    "sign_in_unreachable": "{provider} could not be reached for the sign-in. Try again in a moment.",
    "sealed_damaged": "A stored credential cannot be opened: it was changed or moved. Enter it again.",
    "sealed_by_another_key": "A stored credential was sealed with a key that is no longer there. "
    "Bring the old key back (MAESTRO_SECRET_KEY), or enter the credential again.",
    "secret_key_missing": "There is no key to seal credentials with. Set MAESTRO_SECRET_KEY, or put one into "
    "the file that MAESTRO_SECRET_KEY_FILE names.",
    "secret_key_gone": "{count} stored credentials were sealed with a key that is gone. Put it back "
    "(MAESTRO_SECRET_KEY, MAESTRO_SECRET_KEY_FILE, or the file secret-key in the data folder), or remove "
    "them: maestro rotate --forget.",
    "secret_key_other": "{count} stored credentials were sealed with another key than MAESTRO_SECRET_KEY (or "
    "the key’s file) holds now. Put the old key behind the new one, or remove them: maestro rotate --forget.",
    "secret_key_short": "The key in {source} is too short: it needs {least} characters or more.",
    "secret_key_open": "Others can read the key in {file}. Make it private (chmod 600), or use a new one.",
    "secret_key_unreadable": "The key in {file} cannot be read.",
}
