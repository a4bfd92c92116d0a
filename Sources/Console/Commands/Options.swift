import Ambient
package import ArgumentParser
import CallJobs
import CallStore
import Foundation
import Hosting
import JobQueue
import Settings

/// The option that every command with a table has.
package struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON, as docs/cli.md describes it.")
    package var json = false

    package init() {}
}

/// The options of commands that destroy something.
package struct ConsentOptions: ParsableArguments {
    @Flag(help: "Only say what would be done.")
    package var dryRun = false

    @Flag(name: .shortAndLong, help: "Do not ask.")
    package var yes = false

    package init() {}
}

/// How many rows a list may be asked for.
enum ListLimit {
    static func check(_ limit: Int, upTo most: Int) throws(ValidationError) {
        guard (1...most).contains(limit) else {
            throw ValidationError("--limit takes 1 to \(most).")
        }
    }
}

extension JobKind: ExpressibleByArgument {}
extension Lane: ExpressibleByArgument {}
extension JobState: ExpressibleByArgument {}
extension CampaignChannel: ExpressibleByArgument {}

/// A duration as an option: `90s`, `5m`, `2h`.
package struct DurationArgument: ExpressibleByArgument, Sendable {
    package let duration: Duration

    private init(_ duration: Duration) {
        self.duration = duration
    }

    package static func seconds(_ count: Int) -> Self { Self(.seconds(count)) }

    package init?(argument: String) {
        guard let duration = Duration(settingText: argument) else { return nil }
        self.init(duration)
    }
}

/// Which calls a command is about.
package struct CallFilterOptions: ParsableArguments {
    @Option(help: "Calls that started at this time or later: a day, RFC 3339, or 36h ago.")
    package var from: String?

    @Option(help: "Calls that started before this time.")
    package var to: String?

    @Option(help: "Calls of this agent's id.")
    package var agent: String?

    @Option(help: "Calls credited to this campaign (its name or id), or none.")
    package var campaign: String?

    @Option(help: "Calls with this status: initiated, in-progress, processing, done or failed.")
    package var status: String?

    @Option(help: "Calls with this outcome: success, failure, unknown or pending.")
    package var outcome: String?

    @Option(help: "Calls that are a conversion (yes), are none (no), or unknown.")
    package var conversion: String?

    @Option(help: "Calls that have this tag.")
    package var tag: String?

    package init() {}

    /// The filter that these options mean.
    ///
    /// - Throws: `StartFailure` for a value that is none, or a campaign that does not exist.
    func filter(in session: Session, store: CallStore) async throws -> CallFilter {
        var filter = CallFilter()
        filter.fromUnix = try TimeOption.instant(from, "--from", session)
        filter.toUnix = try TimeOption.instant(to, "--to", session)
        filter.agentID = agent
        filter.status = status
        filter.outcome = outcome
        filter.tag = try tag.map { text in
            guard let tag = CallTag(text) else {
                throw StartFailure(.wrongUse, "--tag \"\(text)\" is none: \(CallTag.rule)")
            }
            return tag
        }
        if let conversion {
            guard let value = Ternary(rawValue: conversion) else {
                throw StartFailure(.wrongUse, "--conversion takes yes, no or unknown")
            }
            filter.conversion = value
        }
        switch campaign {
        case "none": filter.campaign = .unattributed
        case let name?: filter.campaign = .one(try await CampaignName.find(name, in: store).id)
        case nil: break
        }
        return filter
    }
}

/// Times given as options.
enum TimeOption {
    static func instant(
        _ text: String?,
        _ option: String,
        _ session: Session
    ) throws(StartFailure) -> Int64? {
        guard let text else { return nil }
        guard
            let instant = TimeText.instant(
                text,
                in: session.settings.timeZone,
                now: session.ambient.now()
            )
        else {
            throw StartFailure(
                .wrongUse,
                "\(option) \"\(text)\" is no time; for example 2026-10-01, "
                    + "2026-10-01T08:00:00Z, or 36h for 36 hours ago"
            )
        }
        return instant
    }
}

/// Campaigns by what people call them.
enum CampaignName {
    /// The campaign of a name, or of an id where no campaign has that name.
    static func find(_ text: String, in store: CallStore) async throws -> Campaign {
        if let campaign = try await store.campaign(named: text) { return campaign }
        if let number = Int64(text), let campaign = try await store.campaign(CampaignID(number)) {
            return campaign
        }
        throw StartFailure(
            .failed,
            "there is no campaign \"\(text)\"; `ringback campaigns list` shows them"
        )
    }
}
