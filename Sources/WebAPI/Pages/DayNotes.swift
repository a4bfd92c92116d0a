import CallStore

extension PageDesk {
    /// What people noted on the days that a page shows.
    func notes(_ query: PageQuery, campaign: CampaignID? = nil) async throws -> [DayNote] {
        let (from, to) = query.days(today: words.today)
        return try await store.dayNotes(
            from: from,
            to: to,
            campaign: campaign,
            limit: Self.notesShown
        )
    }

    /// Notes below one chart, the newest.
    private static let notesShown = 20

    /// The notes as a list, and a form for another.
    func noteViews(
        _ notes: [DayNote],
        _ query: PageQuery,
        campaign: CampaignID? = nil
    ) -> View {
        var view: View = [
            "notes": notes.map { note -> View in
                [
                    "number": "\(note.id)", "day": note.day.description, "text": note.text,
                    "label": PageWords.short(note.day, today: words.today), "by": note.person,
                    // Where a campaign's chart shows notes of all, they are removed elsewhere.
                    "isOwn": note.campaign == campaign,
                ]
            },
            "noteDay": words.today.description, "here": query.link(),
        ]
        if let campaign { view["notesOf"] = "\(campaign.number)" }
        return view
    }
}
