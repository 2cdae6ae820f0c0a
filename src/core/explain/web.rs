//! What the services answer to a request: Graph, Partner Center, sign-in.

use super::{
    Card,
    Key::{Http, Name, Words},
};

pub(super) const CARDS: &[Card] = &[
    Card {
        keys: &[Http(400)],
        title: "The request was refused as wrong",
        means: "Something in the list or request has not the form that the service wants.",
        now: "Read the words beside it, and explain those. Export the list again; do not edit it in a spreadsheet.",
        whom: "The supervisor, if the words do not say what it is.",
    },
    Card {
        keys: &[Words("Cannot convert the literal"), Words("Edm.Binary")],
        title: "A hash in the list is no sound base64",
        means: "The text of a hash was cut, edited, or lacks the signs at its end. The portal's Import button then seems \
                to do nothing.",
        now: "Import the file here: whiteglove import FILE says which line, and repairs what can be repaired. Then export \
              it again.",
        whom: "Nobody.",
    },
    Card {
        keys: &[Words("Invalid Device Identifier parameter")],
        title: "A sign that identifiers may not have",
        means: "Periods or commas in maker, model or serial number are refused in the list of corporate identifiers.",
        now: "Export it with whiteglove export corporate: it takes them out.",
        whom: "Nobody.",
    },
    Card {
        keys: &[Http(401)],
        title: "Not signed in",
        means: "The sign-in has ended, or the service does not know this application or user.",
        now: "Sign in again. Check this machine's clock if it comes back at once.",
        whom: "The customer's Entra administrator, if a fresh sign-in does not help.",
    },
    Card {
        keys: &[Http(403)],
        title: "Not allowed",
        means: "Signed in, and without the right for this: no Intune role, a missing consent, no Intune licence in the \
                tenant. Importing a list with tags or users needs more rights than one without.",
        now: "Note the account that was used. Try the list without group tag and user if only those are refused.",
        whom: "The customer's Intune administrator: the role needs the rights under enrollment programs.",
    },
    Card {
        keys: &[Http(404)],
        title: "Not there",
        means: "The device or list that was asked for does not exist, or not any more. After a deletion this is the \
                answer one waits for.",
        now: "Look the serial number up in the portal; registration may need some minutes.",
        whom: "The customer's Intune administrator, if it should be there.",
    },
    Card {
        keys: &[Http(409)],
        title: "It is there or running already",
        means: "The same thing exists, or the tenant's synchronisation runs right now.",
        now: "Wait ten minutes and look again; do not start another one.",
        whom: "Nobody.",
    },
    Card {
        keys: &[Http(429), Words("too many requests"), Words("too many retries")],
        title: "Too many requests",
        means: "The tenant gets more requests than it takes; a synchronisation is allowed once in ten minutes for the \
                whole tenant.",
        now: "Wait for the time that the answer names, ten minutes if it names none. Pressing the button again makes it \
              longer.",
        whom: "Nobody; tell other benches that work for the same customer.",
    },
    Card {
        keys: &[Http(408), Http(504)],
        title: "No answer in time",
        means: "The service, or something on the way, did not answer within its time.",
        now: "Try again after some minutes. The request may have been done all the same: look before you repeat it.",
        whom: "The network's administrator, if other pages are slow too.",
    },
    Card {
        keys: &[Http(407)],
        title: "A proxy wants a sign-in",
        means: "Something between here and the internet asks for a user name. Windows setup cannot give one.",
        now: "Use a line without proxy for the bench.",
        whom: "The network's administrator.",
    },
    Card {
        keys: &[Http(500), Http(502), Http(503)],
        title: "The service has a fault",
        means: "The fault is on the other side and mostly passes. If many laptops fail alike at the same time, it is this.",
        now: "Stop the line, wait a quarter of an hour, then try with one laptop.",
        whom: "The customer's Intune administrator: they see the service's health.",
    },
    Card {
        keys: &[Name("authorization_pending"), Name("AADSTS70016"), Name("slow_down")],
        title: "Waiting for the sign-in",
        means: "Nobody has entered the code on the sign-in page yet. This is no error.",
        now: "Enter the code that is shown, on any device, before its quarter of an hour is over.",
        whom: "Nobody.",
    },
    Card {
        keys: &[Name("expired_token"), Name("authorization_declined"), Name("bad_verification_code")],
        title: "The sign-in did not happen",
        means: "The code was not entered in time, was refused, or is not the one that was shown.",
        now: "Start the sign-in again and enter the new code.",
        whom: "Nobody, unless somebody else refused it: then ask who.",
    },
    Card {
        keys: &[Name("AADSTS7000215"), Name("AADSTS7000222"), Name("AADSTS700027"), Name("invalid_client")],
        title: "The application's proof is not taken",
        means: "Its client secret is wrong (often its ID was copied in place of its value) or has expired, or its \
                certificate is not one that the app registration has.",
        now: "Have a new one made if it is over, and set it: whiteglove secret set. Then whiteglove sign-in --check.",
        whom: "The customer's Entra administrator, for the new secret or the upload of the certificate.",
    },
    Card {
        keys: &[Name("AADSTS700024")],
        title: "The clocks differ too much",
        means: "A sign-in by certificate counts for some minutes, and this machine's clock is off by more than five.",
        now: "Set the bench's clock (timedatectl), then try again.",
        whom: "Nobody.",
    },
    Card {
        keys: &[Name("AADSTS7000218")],
        title: "No sign-in with a code by this application",
        means: "The app registration does not allow public client flows.",
        now: "Use its secret or certificate, if it has one: whiteglove secret set.",
        whom: "The customer's Entra administrator: Authentication, allow public client flows.",
    },
    Card {
        keys: &[Name("AADSTS700016"), Name("AADSTS90002"), Name("unauthorized_client")],
        title: "The tenant or the application is not known there",
        means: "The tenant ID, the application ID or the cloud of the customer is not the right one, or nobody of that \
                tenant has consented to the application yet.",
        now: "Compare the three with the app registration: whiteglove customer show, whiteglove secret list.",
        whom: "The customer's Entra administrator, if all three are right.",
    },
    Card {
        keys: &[Name("AADSTS65001"), Name("AADSTS50105")],
        title: "Nobody has allowed it yet",
        means: "An administrator has not consented to the rights of the application, or the account is not assigned to it.",
        now: "Note the application and the account; README.md lists the rights.",
        whom: "The customer's Entra administrator.",
    },
    Card {
        keys: &[Name("AADSTS53003")],
        title: "The sign-in is blocked by a rule",
        means: "The tenant's Conditional Access does not allow this way to sign in, or this place.",
        now: "Use the way without a person signing in, if it was set up for this customer.",
        whom: "The customer's Entra administrator.",
    },
];
