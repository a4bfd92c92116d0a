import HTTPTypes

/// Tells what no person asked for: browsers that fetch ahead, previews of links, crawlers.
enum Automaton {
    /// Whether a request's headers say so; one that hides it counts as a person.
    static func sent(_ headers: HTTPFields) -> Bool {
        isAhead(headers) || isRobot(headers[.userAgent] ?? "")
    }

    /// What browsers send with a page that nobody has asked for yet.
    private static func isAhead(_ headers: HTTPFields) -> Bool {
        ["sec-purpose", "purpose", "x-purpose", "x-moz"].contains { name in
            guard let name = HTTPField.Name(name), let value = headers[name]?.lowercased() else {
                return false
            }
            return ["prefetch", "prerender", "preview"].contains { value.contains($0) }
        }
    }

    /// Words that crawlers and link previews name themselves with, in lower case.
    private static let robotWords = [
        "bot", "crawl", "spider", "preview", "facebookexternalhit", "whatsapp", "embedly",
        "headlesschrome", "python-requests", "curl/", "wget/", "go-http-client", "scrapy", "okhttp",
        "skypeuripreview", "google-read-aloud", "bingpreview", "monitoring", "uptime",
    ]

    private static func isRobot(_ agent: String) -> Bool {
        let agent = agent.lowercased()
        return robotWords.contains { agent.contains($0) }
    }
}
