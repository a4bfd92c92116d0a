import Foundation

/// Names one figure everywhere: in the interface's tooltips, in JSON, in files and in the docs.
package enum MetricID: String, Sendable, CaseIterable, Codable {
    case conversations
    case calls
    case excluded
    case success
    case failure
    case unknown
    case pending
    case successRate
    case connected
    case noSpeech
    case notConnected
    case qualified
    case conversions
    case conversionRate
    case conversionsPerSuccess
    case uniqueCallers
    case anonymousCalls
    case callerConversionRate
    case callsToday
    case callsThisWeek
    case callsThisMonth
    case averageDuration
    case medianDuration
    case p90Duration
    case callsByDay
    case conversionsByDay
    case totalMinutes
    case askedSatisfaction
    case estimatedSatisfaction
    case unattributed
    case attributedShare
    case sent
    case delivered
    case scans
    case pageViews
    case credits
    case agentCost
    case mediaCost
    case costPerConversion
    case responseP50
    case responseP95
    case interruptionsPerCall
    case interruptedCalls
    case endings

    /// What the figure means.
    package var definition: MetricDefinition { MetricDefinitions.known[self] }
}

/// What one figure means, in words.
package struct MetricDefinition: Sendable, Equatable, Decodable {
    package enum Unit: String, Sendable, Decodable {
        case count

        /// 0 to 1 and, where a definition says so, more.
        case share
        case seconds
        case money
    }

    package let id: MetricID

    /// A few words, for a heading.
    package let label: String
    package let unit: Unit

    /// One sentence.
    package let definition: String

    /// What has to be known beside it; may be empty.
    package let notes: String

    /// Definition and notes, as a tooltip shows them.
    package var tooltip: String { notes.isEmpty ? definition : definition + " " + notes }
}

/// All definitions, from the one file that holds them.
package struct MetricDefinitions: Sendable, Decodable {
    /// Rises when a definition changes what it counts.
    package let version: String

    /// In the order in which they are shown.
    package let metrics: [MetricDefinition]

    package static let known: MetricDefinitions = {
        do {
            return try JSONDecoder()
                .decode(MetricDefinitions.self, from: Data(PackageResources.metrics_json))
        } catch {
            preconditionFailure("The definitions cannot be read: \(error)")
        }
    }()

    package subscript(id: MetricID) -> MetricDefinition {
        guard let metric = metrics.first(where: { $0.id == id }) else {
            preconditionFailure("Every figure has a definition.")
        }
        return metric
    }

    /// The table of definitions as docs/metrics.md shows it.
    package var markdown: String {
        let heading =
            "| figure | name in JSON | unit | what it is | note |\n|---|---|---|---|---|\n"
        return heading
            + metrics.map { metric in
                "| \(metric.label) | `\(metric.id.rawValue)` | \(metric.unit.rawValue) "
                    + "| \(metric.definition) | \(metric.notes) |\n"
            }
            .joined()
    }
}
