extension Phrasebook {
    static let english = Phrasebook(
        sentences: [
            .greet: [
                "Hello, thank you for calling {biz}. How can I help you today?",
                "{biz}, good day! You're speaking with our virtual assistant. What can I do for you?",
                "Thanks for calling {biz}. This call may be recorded. How may I help?",
            ],
            .askWhen: [
                "Happy to help with that. Which day would suit you best?",
                "Sure, we can do that. Do you prefer mornings or afternoons?",
                "Of course. When would you like to come in?",
            ],
            .offerSlot: [
                "I have {slot} available. Would that work for you?",
                "The next free time is {slot}. Shall I take that for you?",
                "Let me see... I could offer you {slot}. Does that suit you?",
            ],
            .offerOther: [
                "I'm sorry, that one has just been taken. How about {other} instead?",
                "Oh, somebody was faster than us. I still have {other}. Would that be fine?",
            ],
            .askName: [
                "Great. May I have your name, please?",
                "Perfect. What name should I put down?",
                "Wonderful. Could you tell me your first and last name?",
            ],
            .confirmBooked: [
                "Thank you, {name}. You're all set. We look forward to seeing you.",
                "That's booked for you, {name}. You'll get a text message to confirm.",
                "Done! Your appointment for {svc} is confirmed, {name}.",
            ],
            .bye: [
                "Thank you for calling. Have a great day!", "You're welcome. Goodbye!",
                "My pleasure. Take care!",
            ],
            .bookingFailed: [
                "I'm sorry, our booking system isn't answering. Someone will call you back today.",
                "I'm afraid I can't complete the booking right now. May we call you back?",
            ],
            .tellPrice: [
                "For {svc} we charge {price}. That includes the first consultation.",
                "{svc} starts at {price}, depending on what's needed.",
                "That would be {price} for {svc}.",
            ],
            .tellHours: [
                "We're open Monday to Friday from 8 am to 6 pm, and on Saturday until noon.",
                "We're here weekdays from nine to six. On weekends we're closed.",
            ],
            .notUs: [
                "I'm afraid you have the wrong number. This is {biz}.",
                "No, this is {biz}. I think you may have misdialed.",
            ],
            .empathize: [
                "I'm really sorry to hear that. That isn't the experience we want you to have.",
                "I understand, and I apologize for the trouble this caused you.",
            ],
            .promiseCallback: [
                "I'll pass this on to our manager, who will call you back by tomorrow.",
                "I've made a note, and somebody from the team will get in touch with you today.",
            ],
            .silentPrompt: [
                "Hello? Are you still there?", "I can't hear you. Could you say that again?",
            ],
            .silentBye: [
                "It seems we have a bad connection. Please call again. Goodbye.",
                "I still can't hear you, so I'll end the call now. Please try again later.",
            ],
            .transferring: [
                "Of course, let me put you through to a colleague. One moment, please.",
                "Certainly. Please stay on the line while I transfer you.",
            ],
            .confirmCancel: [
                "All right, {name}, your appointment is canceled.",
                "Done, {name}. I've taken your appointment out of the calendar.",
            ],
            .anythingElse: [
                "Is there anything else I can help you with?", "Can I do anything else for you?",
            ],
            .askBooking: [
                "Hi, I'd like to book an appointment for {svc}.",
                "Hello, I got your card in the mail and I'd like to come in for {svc}.",
                "Yeah, hi, can I get in sometime next week? It's about {svc}.",
                "Do you have anything free for {svc} soon?",
            ],
            .preferTime: [
                "Sometime next week would be best, if that's possible.",
                "Mornings are better for me, I work late.",
                "As soon as possible, really.", "Any day after four would be fine.",
            ],
            .acceptSlot: [
                "Yes, that works for me.", "Perfect, I'll take it.", "That's fine, thank you.",
                "Yeah, okay, let's do that.",
            ],
            .giveName: [
                "It's {name}.", "My name is {name}.", "{name}, please.",
            ],
            .thanks: ["Great, thank you!", "Thanks a lot for your help.", "Wonderful, thanks."],
            .okBye: ["All right, goodbye.", "Okay then. Bye.", "Fine, I'll wait for the call."],
            .askPrice: [
                "Hi, how much do you charge for {svc}?", "I'd like to know what {svc} costs.",
                "Can you give me a rough price for {svc}?",
            ],
            .thinkAboutIt: [
                "Okay, I'll think about it and call back.", "Thanks, let me talk to my wife first.",
                "Hmm, that's more than I expected. Thank you anyway.",
            ],
            .askHours: [
                "Hi, what are your opening hours?", "Are you open on Saturdays?",
                "How late are you open today?",
            ],
            .wrongNumber: [
                "Oh, is this not Tony's Pizza?", "Hi, I'm trying to reach the pharmacy on Main.",
                "Is this Kevin?",
            ],
            .sorryWrong: ["Oh, sorry about that.", "Sorry, my mistake. Bye."],
            .complain: [
                "I'm calling because I'm not happy at all with my last visit.",
                "I waited forty minutes last time and then I was charged twice.",
                "Nobody ever called me back, and this is the third time I'm calling.",
            ],
            .demand: [
                "I want to speak to the manager about this.", "I expect to get my money back.",
                "Well, somebody has to fix this.",
            ],
            .hello: ["Hello?", "Uh, hi."],
            .askHuman: [
                "Can I talk to a real person, please?", "I'd rather speak with somebody there.",
                "Could you put me through to the front desk?",
            ],
            .askCancel: [
                "Hi, I need to cancel my appointment.",
                "I can't make it on Thursday, so please take me off the list.",
            ],
            .outboundOpening: [
                "Hello {name}, this is {biz}. You're due for {svc}. May I offer you a time?",
                "Hi, am I speaking with {name}? I'm calling from {biz} about {svc}.",
            ],
            .politeBye: [
                "I understand. Thank you for your time, and have a nice day.",
                "No problem at all. Goodbye!",
            ],
            .askCallback: [
                "When would be a better time to call?", "Of course. When may we call you back?",
            ],
            .confirmCallback: [
                "We'll call you back then. Thank you, {name}.",
                "Noted. You'll hear from us then. Goodbye!",
            ],
            .voicemailMessage: [
                "Hello, this is {biz} calling about {svc}. Please call us back at your convenience."
            ],
            .voicemailGreeting: [
                "Hi, you've reached my voicemail. Please leave a message after the tone.",
                "The person you are calling is not available. Please leave a message.",
            ],
            .notInterested: [
                "No, thank you, I'm not interested.", "Please take me off your list.",
                "We don't need that at the moment.",
            ],
            .interested: [
                "Oh yes, I was going to call you anyway.", "Sure, what do you have?",
            ],
            .busyNow: [
                "I'm in a meeting right now.", "Sorry, I'm driving. Can you call another time?",
            ],
            .laterTime: ["Tomorrow after five would be good.", "Try me on Friday morning."],
        ],
        weekdays: [
            "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
        ],
        services: [
            .dentist: ["a dental cleaning", "a check-up", "teeth whitening"],
            .garage: ["an oil change", "a tire change", "a brake inspection"],
            .physiotherapy: ["a back treatment", "a knee assessment", "a sports massage"],
            .salon: ["a haircut", "coloring", "a beard trim"],
            .plumbing: ["a leaking pipe", "a blocked drain", "a water heater check"],
            .vet: [
                "a vaccination for my dog", "a check-up for my cat", "a dental cleaning for my dog",
            ],
        ]
    )
}
