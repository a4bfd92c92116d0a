extension Phrasebook {
    static let french = Phrasebook(
        sentences: [
            .greet: [
                "Bonjour, merci d'appeler {biz}. Que puis-je faire pour vous ?",
                "{biz}, bonjour ! Vous parlez avec l'assistant vocal. Je vous écoute.",
            ],
            .askWhen: [
                "Avec plaisir. Quel jour vous conviendrait ?",
                "Bien sûr. Plutôt le matin ou l'après-midi ?",
            ],
            .offerSlot: [
                "J'ai une place {slot}. Est-ce que cela vous va ?",
                "Le prochain créneau libre est {slot}. Je vous le réserve ?",
            ],
            .offerOther: [
                "Je suis désolée, ce créneau vient d'être pris. Et {other} ?",
                "Quelqu'un a été plus rapide. Il me reste {other}. Cela vous irait ?",
            ],
            .askName: ["Parfait. À quel nom, s'il vous plaît ?", "Très bien. Votre nom ?"],
            .confirmBooked: [
                "Merci, {name}. Votre rendez-vous est noté.",
                "C'est fait, {name}. Vous recevrez un SMS de confirmation.",
                "Voilà, votre rendez-vous pour {svc} est confirmé, {name}.",
            ],
            .bye: ["Merci de votre appel. Bonne journée !", "Je vous en prie. Au revoir !"],
            .bookingFailed: [
                "Je suis désolée, notre agenda ne répond pas. On vous rappelle aujourd'hui.",
                "Je n'arrive pas à enregistrer le rendez-vous. Pouvons-nous vous rappeler ?",
            ],
            .tellPrice: [
                "Pour {svc}, c'est {price}, première consultation comprise.",
                "Comptez {price}, selon ce qu'il y a à faire.",
            ],
            .tellHours: [
                "Nous sommes ouverts du lundi au vendredi de 8 h à 18 h, le samedi jusqu'à midi.",
                "En semaine de neuf heures à dix-huit heures. Nous sommes fermés le week-end.",
            ],
            .notUs: [
                "Vous avez dû faire un faux numéro. Ici, c'est {biz}.",
                "Non, ici c'est {biz}. Une erreur de numéro, peut-être ?",
            ],
            .empathize: [
                "Je suis vraiment désolée, cela n'aurait pas dû arriver.",
                "Je comprends, et je vous présente nos excuses.",
            ],
            .promiseCallback: [
                "Je transmets à la direction, on vous rappelle avant demain.",
                "C'est noté. Un collègue vous contacte aujourd'hui.",
            ],
            .silentPrompt: ["Allô ? Vous êtes toujours là ?", "Je ne vous entends pas."],
            .silentBye: ["La ligne semble mauvaise. Rappelez-nous, s'il vous plaît. Au revoir."],
            .transferring: [
                "Bien sûr, je vous passe un collègue. Un instant, s'il vous plaît.",
                "Entendu, ne quittez pas, je vous transfère.",
            ],
            .confirmCancel: ["D'accord, {name}, votre rendez-vous est annulé."],
            .anythingElse: ["Autre chose pour vous ?", "Puis-je faire autre chose pour vous ?"],
            .askBooking: [
                "Bonjour, je voudrais prendre rendez-vous pour {svc}.",
                "Bonjour, j'ai reçu votre courrier, ce serait pour {svc}.",
                "Vous avez une place bientôt ? C'est pour {svc}.",
            ],
            .preferTime: [
                "La semaine prochaine, si possible.", "Plutôt le matin.", "Dès que possible.",
                "N'importe quel jour après seize heures.",
            ],
            .acceptSlot: ["Oui, ça me va.", "Parfait, je le prends.", "Oui, d'accord."],
            .giveName: ["C'est {name}.", "Je m'appelle {name}.", "Au nom de {name}."],
            .thanks: ["Merci beaucoup !", "Super, merci pour votre aide."],
            .okBye: ["Bon, au revoir.", "D'accord, j'attends votre appel."],
            .askPrice: ["Bonjour, combien coûte {svc} ?", "Je voudrais le prix pour {svc}."],
            .thinkAboutIt: [
                "D'accord, je réfléchis et je rappelle.", "C'est plus cher que prévu. Merci.",
            ],
            .askHours: ["Quels sont vos horaires ?", "Vous êtes ouverts le samedi ?"],
            .wrongNumber: ["Ce n'est pas la pizzeria Roma ?", "Je suis bien à la pharmacie ?"],
            .sorryWrong: ["Ah, pardon.", "Excusez-moi, je me suis trompé. Au revoir."],
            .complain: [
                "J'appelle parce que je ne suis pas du tout content de ma dernière visite.",
                "J'ai attendu quarante minutes et on m'a facturé deux fois.",
            ],
            .demand: ["Je veux parler au responsable.", "Je veux être remboursé."],
            .hello: ["Allô ?", "Oui, bonjour."],
            .askHuman: [
                "Je peux parler à quelqu'un, s'il vous plaît ?", "Passez-moi l'accueil, merci.",
            ],
            .askCancel: [
                "Je dois annuler mon rendez-vous.", "Je ne peux pas venir jeudi, annulez-le.",
            ],
            .outboundOpening: [
                "Bonjour, je suis bien avec {name} ? Ici {biz}, au sujet de {svc}.",
                "Bonjour {name}, c'est {biz}. Il serait temps pour {svc}. Je vous propose une date ?",
            ],
            .politeBye: ["Je comprends. Merci et bonne journée !"],
            .askCallback: ["Quand pouvons-nous vous rappeler ?"],
            .confirmCallback: ["Nous vous rappelons à ce moment-là. Merci, {name}."],
            .voicemailMessage: ["Bonjour, ici {biz}, au sujet de {svc}. Merci de nous rappeler."],
            .voicemailGreeting: [
                "Vous êtes bien sur ma messagerie. Laissez un message après le bip."
            ],
            .notInterested: ["Non merci, ça ne m'intéresse pas.", "Ne m'appelez plus, merci."],
            .interested: ["Ah oui, j'allais justement appeler.", "Volontiers, vous avez quoi ?"],
            .busyNow: ["Je suis en réunion.", "Je conduis, pas maintenant."],
            .laterTime: ["Demain après dix-sept heures.", "Vendredi matin."],
        ],
        weekdays: ["dimanche", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi"],
        services: [
            .dentist: ["un détartrage", "un contrôle", "un blanchiment"],
            .garage: ["une vidange", "un changement de pneus", "un contrôle des freins"],
            .physiotherapy: ["une séance pour le dos", "un bilan du genou", "un massage"],
            .salon: ["une coupe", "une couleur", "une taille de barbe"],
            .plumbing: ["une fuite", "un évier bouché", "un contrôle du chauffe-eau"],
            .vet: ["le vaccin du chien", "un contrôle du chat", "un détartrage du chien"],
        ]
    )
}
