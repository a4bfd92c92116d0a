extension Phrasebook {
    static let german = Phrasebook(
        sentences: [
            .greet: [
                "Guten Tag, hier ist {biz}. Wie kann ich Ihnen helfen?",
                "{biz}, schönen guten Tag! Sie sprechen mit dem Telefonassistenten. Worum geht es?",
                "Willkommen bei {biz}. Was kann ich für Sie tun?",
            ],
            .askWhen: [
                "Gern. Welcher Tag passt Ihnen am besten?",
                "Natürlich. Lieber vormittags oder nachmittags?",
                "Kein Problem. Wann möchten Sie kommen?",
            ],
            .offerSlot: [
                "Ich hätte {slot} etwas frei. Passt Ihnen das?",
                "Der nächste freie Termin ist {slot}. Soll ich den für Sie eintragen?",
            ],
            .offerOther: [
                "Das tut mir leid, der Termin ist gerade vergeben worden. Ginge auch {other}?",
                "Da war leider jemand schneller. Ich hätte noch {other}, wäre das recht?",
            ],
            .askName: [
                "Wunderbar. Auf welchen Namen darf ich den Termin eintragen?",
                "Sehr gut. Wie ist Ihr Name, bitte?",
            ],
            .confirmBooked: [
                "Vielen Dank, {name}. Der Termin ist eingetragen.",
                "Alles klar, {name}, ich habe Sie vorgemerkt. Sie bekommen gleich eine SMS.",
                "Erledigt! Ihr Termin für {svc} steht, {name}.",
            ],
            .bye: [
                "Vielen Dank für Ihren Anruf. Auf Wiederhören!",
                "Gern geschehen. Schönen Tag noch!",
            ],
            .bookingFailed: [
                "Das Buchungssystem antwortet gerade leider nicht. Wir rufen Sie heute zurück.",
                "Leider kann ich den Termin im Moment nicht eintragen. Dürfen wir Sie zurückrufen?",
            ],
            .tellPrice: [
                "{svc} kostet bei uns {price}, die Erstberatung ist dabei.",
                "Das liegt bei {price}, je nach Aufwand auch etwas mehr.",
            ],
            .tellHours: [
                "Wir haben montags bis freitags von 8 bis 18 Uhr geöffnet, samstags bis 12 Uhr.",
                "Unter der Woche sind wir von neun bis sechs da, am Wochenende ist geschlossen.",
            ],
            .notUs: [
                "Da haben Sie sich leider verwählt. Hier ist {biz}.",
                "Nein, hier ist {biz}. Vielleicht ein Zahlendreher?",
            ],
            .empathize: [
                "Das tut mir wirklich leid. So sollte es bei uns nicht sein.",
                "Ich verstehe Ihren Ärger und bitte um Entschuldigung.",
            ],
            .promiseCallback: [
                "Ich gebe das an die Leitung weiter, Sie werden bis morgen zurückgerufen.",
                "Ich habe es notiert. Eine Kollegin meldet sich heute bei Ihnen.",
            ],
            .silentPrompt: ["Hallo? Sind Sie noch da?", "Ich kann Sie leider nicht hören."],
            .silentBye: [
                "Die Verbindung scheint schlecht zu sein. Bitte rufen Sie noch einmal an."
            ],
            .transferring: [
                "Selbstverständlich, ich verbinde Sie. Einen Moment bitte.",
                "Gern, bleiben Sie bitte dran, ich stelle Sie durch.",
            ],
            .confirmCancel: [
                "In Ordnung, {name}, der Termin ist abgesagt.",
                "Erledigt, {name}, ich habe den Termin gestrichen.",
            ],
            .anythingElse: [
                "Kann ich sonst noch etwas für Sie tun?", "Haben Sie noch eine Frage?",
            ],
            .askBooking: [
                "Guten Tag, ich hätte gern einen Termin für {svc}.",
                "Hallo, ich habe Ihren Brief bekommen und möchte einen Termin für {svc}.",
                "Haben Sie demnächst etwas frei? Es geht um {svc}.",
            ],
            .preferTime: [
                "Nächste Woche wäre gut, wenn das geht.", "Am liebsten vormittags.",
                "So bald wie möglich, bitte.", "Ab vier Uhr kann ich eigentlich jeden Tag.",
            ],
            .acceptSlot: ["Ja, das passt.", "Sehr gut, den nehme ich.", "Ja, gern."],
            .giveName: ["{name}.", "Mein Name ist {name}.", "Ich heiße {name}."],
            .thanks: ["Prima, vielen Dank!", "Danke für die Hilfe.", "Super, danke schön."],
            .okBye: ["Gut, auf Wiederhören.", "Na gut. Tschüss.", "Dann warte ich auf den Anruf."],
            .askPrice: [
                "Hallo, was kostet bei Ihnen {svc}?", "Ich wollte fragen, was {svc} kostet.",
            ],
            .thinkAboutIt: [
                "Gut, ich überlege es mir und melde mich wieder.",
                "Das ist mehr, als ich dachte. Trotzdem danke.",
            ],
            .askHours: [
                "Wie sind denn Ihre Öffnungszeiten?", "Haben Sie samstags auch geöffnet?",
            ],
            .wrongNumber: [
                "Oh, ist da nicht die Pizzeria Roma?", "Bin ich da richtig bei der Apotheke?",
            ],
            .sorryWrong: ["Oh, Entschuldigung, verwählt.", "Ach so, tut mir leid. Tschüss."],
            .complain: [
                "Ich rufe an, weil ich mit dem letzten Besuch überhaupt nicht zufrieden bin.",
                "Ich habe vierzig Minuten gewartet, und dann war die Rechnung auch noch falsch.",
            ],
            .demand: [
                "Ich möchte mit der Geschäftsleitung sprechen.", "Ich will mein Geld zurück.",
            ],
            .hello: ["Hallo?", "Ja, hallo."],
            .askHuman: [
                "Kann ich bitte mit einem Menschen sprechen?",
                "Verbinden Sie mich bitte mit dem Empfang.",
            ],
            .askCancel: [
                "Ich muss leider meinen Termin absagen.",
                "Ich kann am Donnerstag nicht, bitte streichen Sie den Termin.",
            ],
            .outboundOpening: [
                "Guten Tag, spreche ich mit {name}? Hier ist {biz}, es geht um {svc}.",
                "Hallo {name}, hier ist {biz}. Es wäre wieder Zeit für einen Termin. Passt es Ihnen?",
            ],
            .politeBye: ["Alles klar, vielen Dank und einen schönen Tag noch."],
            .askCallback: ["Wann dürfen wir Sie denn zurückrufen?"],
            .confirmCallback: ["Gut, wir melden uns dann wieder. Auf Wiederhören, {name}."],
            .voicemailMessage: [
                "Guten Tag, hier ist {biz}, es geht um {svc}. Bitte rufen Sie uns zurück."
            ],
            .voicemailGreeting: [
                "Hier ist die Mailbox. Bitte hinterlassen Sie eine Nachricht nach dem Signalton."
            ],
            .notInterested: ["Nein danke, kein Interesse.", "Bitte rufen Sie nicht mehr an."],
            .interested: ["Ja, ich wollte mich sowieso melden.", "Gern, was haben Sie denn frei?"],
            .busyNow: ["Ich bin gerade in einer Besprechung.", "Ich sitze im Auto, jetzt nicht."],
            .laterTime: ["Morgen nach fünf wäre gut.", "Am Freitagvormittag bitte."],
        ],
        weekdays: [
            "Sonntag", "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag",
        ],
        services: [
            .dentist: ["eine Zahnreinigung", "eine Kontrolle", "eine Aufhellung"],
            .garage: ["einen Ölwechsel", "einen Reifenwechsel", "eine Bremsenprüfung"],
            .physiotherapy: ["eine Rückenbehandlung", "eine Untersuchung am Knie", "eine Massage"],
            .salon: ["einen Haarschnitt", "eine Färbung", "eine Bartpflege"],
            .plumbing: ["ein undichtes Rohr", "einen verstopften Abfluss", "eine Thermenprüfung"],
            .vet: [
                "eine Impfung für meinen Hund", "eine Untersuchung für die Katze",
                "eine Zahnreinigung beim Hund",
            ],
        ]
    )
}
