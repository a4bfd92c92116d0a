extension Phrasebook {
    static let spanish = Phrasebook(
        sentences: [
            .greet: [
                "Hola, gracias por llamar a {biz}. ¿En qué puedo ayudarle?",
                "{biz}, buenos días. Le atiende el asistente virtual. ¿Qué necesita?",
            ],
            .askWhen: [
                "Con mucho gusto. ¿Qué día le viene mejor?",
                "Claro que sí. ¿Prefiere por la mañana o por la tarde?",
            ],
            .offerSlot: [
                "Tengo libre {slot}. ¿Le parece bien?",
                "La próxima cita disponible es {slot}. ¿Se la reservo?",
            ],
            .offerOther: [
                "Lo siento, esa hora se acaba de ocupar. ¿Qué tal {other}?",
                "Vaya, alguien se ha adelantado. Me queda {other}. ¿Le sirve?",
            ],
            .askName: [
                "Perfecto. ¿Me dice su nombre, por favor?", "Muy bien. ¿A nombre de quién?",
            ],
            .confirmBooked: [
                "Gracias, {name}. Su cita queda reservada.",
                "Listo, {name}. Recibirá un mensaje de confirmación.",
                "Hecho. Su cita para {svc} está confirmada, {name}.",
            ],
            .bye: ["Gracias por llamar. ¡Que tenga un buen día!", "De nada. ¡Hasta luego!"],
            .bookingFailed: [
                "Lo siento, el sistema de citas no responde ahora. Le llamaremos hoy mismo.",
                "No puedo terminar la reserva en este momento. ¿Podemos devolverle la llamada?",
            ],
            .tellPrice: [
                "El precio de {svc} es de {price}, con la primera consulta incluida.",
                "Serían {price}, según lo que haga falta.",
            ],
            .tellHours: [
                "Abrimos de lunes a viernes de 8 a 18 horas, y los sábados hasta mediodía.",
                "Entre semana estamos de nueve a seis. Los fines de semana cerramos.",
            ],
            .notUs: [
                "Me temo que se ha equivocado de número. Esto es {biz}.",
                "No, aquí es {biz}. Quizá marcó mal.",
            ],
            .empathize: [
                "Lo siento mucho, eso no debería haber pasado.",
                "Le entiendo, y le pido disculpas por las molestias.",
            ],
            .promiseCallback: [
                "Se lo comunico al responsable y le llamarán antes de mañana.",
                "Lo dejo anotado. Hoy mismo se pondrán en contacto con usted.",
            ],
            .silentPrompt: ["¿Hola? ¿Sigue ahí?", "No le oigo. ¿Puede repetirlo?"],
            .silentBye: ["Parece que hay mala conexión. Llame otra vez, por favor. Adiós."],
            .transferring: [
                "Por supuesto, le paso con un compañero. Un momento, por favor.",
                "Claro, no cuelgue, le transfiero.",
            ],
            .confirmCancel: ["De acuerdo, {name}, su cita queda cancelada."],
            .anythingElse: ["¿Puedo ayudarle en algo más?", "¿Alguna otra cosa?"],
            .askBooking: [
                "Hola, quisiera pedir una cita para {svc}.",
                "Buenas, me llegó su carta y quiero una cita para {svc}.",
                "¿Tienen algo libre pronto? Es para {svc}.",
            ],
            .preferTime: [
                "La semana que viene, si puede ser.", "Mejor por la mañana.",
                "Lo antes posible.", "Cualquier día después de las cuatro.",
            ],
            .acceptSlot: ["Sí, me viene bien.", "Perfecto, esa misma.", "Vale, de acuerdo."],
            .giveName: ["Soy {name}.", "Me llamo {name}.", "A nombre de {name}."],
            .thanks: ["Muchas gracias.", "Genial, gracias por todo."],
            .okBye: ["Bueno, adiós.", "Vale, espero la llamada."],
            .askPrice: ["Hola, ¿cuánto cuesta {svc}?", "Quería saber el precio de {svc}."],
            .thinkAboutIt: [
                "Vale, me lo pienso y vuelvo a llamar.", "Es más de lo que pensaba. Gracias igual.",
            ],
            .askHours: ["¿Qué horario tienen?", "¿Abren los sábados?"],
            .wrongNumber: ["¿No es la pizzería Roma?", "¿Hablo con la farmacia?"],
            .sorryWrong: ["Ay, perdone.", "Disculpe, me equivoqué. Adiós."],
            .complain: [
                "Llamo porque no estoy nada contento con mi última visita.",
                "Esperé cuarenta minutos y encima me cobraron dos veces.",
            ],
            .demand: ["Quiero hablar con el encargado.", "Quiero que me devuelvan el dinero."],
            .hello: ["¿Hola?", "Sí, dígame."],
            .askHuman: [
                "¿Puedo hablar con una persona, por favor?", "Páseme con recepción, por favor.",
            ],
            .askCancel: ["Tengo que cancelar mi cita.", "El jueves no puedo ir, anule la cita."],
            .outboundOpening: [
                "Hola, ¿hablo con {name}? Le llamo de {biz} por {svc}.",
                "Buenos días, {name}, le llamamos de {biz}. Ya toca {svc}. ¿Le ofrezco una hora?",
            ],
            .politeBye: ["Entendido. Gracias por su tiempo. ¡Que tenga buen día!"],
            .askCallback: ["¿Cuándo le viene bien que le llamemos?"],
            .confirmCallback: ["Le llamamos entonces. Gracias, {name}."],
            .voicemailMessage: ["Hola, le llamamos de {biz} por {svc}. Llámenos cuando pueda."],
            .voicemailGreeting: [
                "Este es el buzón de voz. Deje su mensaje después de la señal."
            ],
            .notInterested: ["No, gracias, no me interesa.", "No me llamen más, por favor."],
            .interested: ["Ah, sí, justo iba a llamar.", "Claro, ¿qué tienen?"],
            .busyNow: ["Ahora estoy en una reunión.", "Estoy conduciendo, ahora no puedo."],
            .laterTime: ["Mañana después de las cinco.", "El viernes por la mañana."],
        ],
        weekdays: [
            "domingo", "lunes", "martes", "miércoles", "jueves", "viernes", "sábado",
        ],
        services: [
            .dentist: ["una limpieza dental", "una revisión", "un blanqueamiento"],
            .garage: ["un cambio de aceite", "un cambio de neumáticos", "una revisión de frenos"],
            .physiotherapy: ["una sesión de espalda", "una valoración de rodilla", "un masaje"],
            .salon: ["un corte de pelo", "un tinte", "un arreglo de barba"],
            .plumbing: ["una tubería que pierde", "un desagüe atascado", "una caldera"],
            .vet: [
                "la vacuna del perro", "una revisión del gato", "una limpieza dental del perro",
            ],
        ]
    )
}
