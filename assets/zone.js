// How far this clock is from UTC, in minutes: sessions are listed by this person's days.
document.cookie = `maestro-zone=${-new Date().getTimezoneOffset()}; Path=/; SameSite=Lax; Max-Age=31536000`;
