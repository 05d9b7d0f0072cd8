"""What people and programs read of requests that are refused; `app.words` has the rest."""

REQUEST_ERRORS = {
    "unreadable": "The request could not be read: its body must be JSON in UTF-8.",
    "no_such_address": "There is nothing at this address.",
    "wrong_method": "This address does not take this method.",
    "too_large": "This is too large: at most 8 MB.",
    "too_slow": "The request took too long to come in.",
    "too_many_open": "{most} pages and streams are open already. Close one first.",
    "too_often": "That is too often. Try again in {seconds} s.",
    "wrong_scope": "This token may not do that: it lacks {scope}.",
    "request_keys": "{most} requests with an Idempotency-Key are kept already. Ask without one.",
    "key_in_use": "The request with this Idempotency-Key is still being worked on. Ask again in a moment.",
    "key_reused": "This Idempotency-Key was used for another request. Take a new one.",
    "key_unusable": "An Idempotency-Key has 8 to 200 letters, digits and signs of ASCII.",
    "too_deep": "The body cannot be read: it is nested more than {most} levels deep.",
    "too_many_values": "The body cannot be read: it holds more than {most} values.",
    "number": "The body cannot be read: {number} is no number that could be kept.",
    "name_twice": "The body cannot be read: it names {name} twice in one object.",
    "wrong_type": "The body must be JSON: send it with Content-Type: application/json.",
    "foreign_host": "This server does not answer to that Host.",
    "foreign_origin": "Only Maestro's own page may ask this.",
    "unstorable": "This holds something that cannot be kept, such as half a character.",
}
"""Before anybody looks at what was asked for."""
