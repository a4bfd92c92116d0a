import CallStore
import Conversion
import Definitions

/// How agents did in a scope, read from the store once.
struct AgentDays {
    var scope: FigureScope
    var report: FigureReport
    var courses: [AgentCourse]
}

extension PageDesk {
    func agentDays(_ scope: FigureScope) async throws -> AgentDays {
        AgentDays(
            scope: scope,
            report: try await store.figureReport(scope),
            courses: try await store.agentCourses(scope)
        )
    }

    /// One of two that stand against each other.
    private struct Side {
        var label: String
        var figures: CallFigures
        var course: AgentCourse?
    }

    /// Version against version, agent against agent, or else these days against the days before.
    ///
    /// What the page has read already is `known`, and not read again.
    func agentComparison(
        _ query: PageQuery,
        _ names: [String: String],
        known: AgentDays
    ) async throws -> View {
        let scope = query.scope(today: words.today)
        if let agent = query["agent"], let one = query["version"], let two = query["against"] {
            let courses = try await store.agentCourses(scope)
            let name = names[agent] ?? agent
            return Self.comparison(
                Self.side(courses, of: one, name),
                Self.side(courses, of: two, name)
            )
        }
        var other = scope
        let labels: (String, String)
        if let with = query["with"], let agent = query["agent"] {
            other.agentID = with
            labels = (names[agent] ?? agent, names[with] ?? with)
        } else if let before = query.before(today: words.today) {
            other.from = before.lowerBound
            other.to = before.upperBound
            let whose = query["agent"].map { names[$0] ?? $0 } ?? "all agents"
            labels = ("these days, \(whose)", "the days before")
        } else {
            return ["none": "Choose two agents, or switch a comparison on."]
        }
        return Self.comparison(
            Self.side(scope == known.scope ? known : try await agentDays(scope), labels.0),
            Self.side(try await agentDays(other), labels.1)
        )
    }

    private static func side(_ days: AgentDays, _ label: String) -> Side {
        let courses = days.courses
        return Side(
            label: label,
            figures: days.report.total,
            course: courses.dropFirst().reduce(courses.first) { sum, next in sum.map { $0 + next } }
        )
    }

    private static func side(_ courses: [AgentCourse], of version: String, _ name: String) -> Side {
        let course = courses.first { ($0.versionID ?? noVersion) == version }
        return Side(
            label: "\(name), \(version == noVersion ? label(ofVersion: nil) : version)",
            figures: course?.figures ?? CallFigures(),
            course: course
        )
    }

    private static func comparison(_ first: Side, _ second: Side) -> View {
        func row(
            _ id: MetricID,
            _ part: (Side) -> Int,
            _ whole: (Side) -> Int
        ) -> View {
            let left = Share(part(first), of: whole(first))
            let right = Share(part(second), of: whole(second))
            var view: View = [
                "label": id.definition.label, "text": id.definition.tooltip,
                "first": left?.text ?? "–", "second": right?.text ?? "–", "difference": "–",
                "verdict": "Too small to tell: no calls on one side.",
            ]
            if let left, let right {
                let difference = ShareDifference(left, right).view
                view["difference"] = difference["difference"]
                view["verdict"] = difference["text"]
            }
            return view
        }
        func plain(_ id: MetricID, _ text: (Side) -> String) -> View {
            [
                "label": id.definition.label, "text": id.definition.tooltip,
                "first": text(first), "second": text(second), "difference": "–",
                "verdict": "No interval: answers of one call are not independent.",
            ]
        }
        return [
            "left": first.label, "right": second.label,
            "rows": [
                row(
                    .successRate,
                    { $0.figures.success },
                    { $0.figures.success + $0.figures.failure }
                ),
                row(.conversionRate, { $0.figures.conversions }, { $0.figures.qualified }),
                row(.noSpeech, { $0.figures.noSpeech }, { $0.figures.calls }),
                row(
                    .interruptedCalls,
                    { $0.course?.interrupted ?? 0 },
                    { $0.course?.heard ?? 0 }
                ),
                plain(.responseP50) { PageWords.response($0.course?.responses.percentile(0.5)) },
                plain(.responseP95) { PageWords.response($0.course?.responses.percentile(0.95)) },
            ],
        ]
    }
}
