import CallStore
import Conversion
import Definitions

extension PageDesk {
    /// All agents and their versions, and two of either or two periods against each other.
    func agents(_ query: PageQuery) async throws -> Page {
        var scope = query.scope(today: words.today)
        scope.agentID = nil
        let names = try await store.agentNames()
        let days = try await agentDays(scope)
        let (report, courses) = (days.report, days.courses)
        let whole = Dictionary(courses.map { ($0.agentID, $0) }) { $0 + $1 }
        let versions = courses.filter { course in
            courses.contains { $0.agentID == course.agentID && $0.versionID != nil }
        }
        let own = versions.filter { $0.agentID == query["agent"] }
        var view: View = [
            "isEmpty": report.agents.isEmpty, "hasVersions": !versions.isEmpty,
            "isPartial": courses.contains(where: \.isPartial),
            "callsMax": PageWords.count(AgentCourseLimits.callsMax),
            "agent": query["agent"] ?? "", "hasOwnVersions": own.count > 1,
        ]
        view["rows"] = report.agents.map {
            agentRow($0.key, $0.figures, whole[$0.key], names, query)
        }
        let endings = Self.endings(whole.values)
        view["endingHeads"] = endings.map { ["label": $0.label] as View }
        view["endings"] = report.agents.compactMap { part -> View? in
            whole[part.key].map { endingRow($0, names, endings) }
        }
        view["versions"] = versions.map { versionRow($0, names) }
        view["leftOptions"] = agentOptions(names, query["agent"])
        view["rightOptions"] = agentOptions(names, query["with"])
        view["agentFields"] = query.fields(without: ["agent", "with", "version", "against"])
        view["leftVersions"] = versionOptions(own, query["version"])
        view["rightVersions"] = versionOptions(own, query["against"])
        view["heads"] = Self.heads
        view["comparison"] = try await agentComparison(query, names, known: days)
        return Page(template: .agents, title: "Agents", view: view)
    }

    /// What the heads of columns mean, by the names of their figures.
    private static var heads: View {
        let shown: [MetricID] = [
            .responseP50, .responseP95, .interruptionsPerCall, .endings, .agentCost,
        ]
        return shown.reduce(into: [:]) { $0[$1.rawValue] = $1.definition.tooltip }
    }

    private func agentOptions(_ names: [String: String], _ chosen: String?) -> [View] {
        names.sorted { $0.value < $1.value }.map { id, name in
            ["value": id, "label": name, "selected": id == chosen]
        }
    }

    private func versionOptions(_ versions: [AgentCourse], _ chosen: String?) -> [View] {
        versions.map { course in
            let value = course.versionID ?? PageDesk.noVersion
            return [
                "value": value, "label": Self.label(ofVersion: course.versionID),
                "selected": value == chosen,
            ]
        }
    }

    /// What stands in an address for calls without a version.
    static let noVersion = "none"

    static func label(ofVersion version: String?) -> String { version ?? "without a version" }

    private func agentRow(
        _ id: String,
        _ figures: CallFigures,
        _ course: AgentCourse?,
        _ names: [String: String],
        _ query: PageQuery
    ) -> View {
        [
            "name": names[id] ?? id, "href": query.link("/calls", ["agent": id]),
            "calls": PageWords.count(figures.calls),
            "success": PageWords.share(figures.successRate),
            "successInterval": Share(figures.success, of: figures.success + figures.failure)?
                .text ?? "–",
            "conversion": Share(figures.conversions, of: figures.qualified)?.text ?? "–",
            "average": PageWords.duration(figures.averageSeconds),
            "noSpeech": PageWords.share(figures.noSpeech, of: figures.calls),
            "total": PageWords.money(figures.agentCost),
            "cost": PageWords.money(
                figures.conversions == 0
                    ? nil : figures.agentCost.map { $0 / Double(figures.conversions) }
            ),
            "isSmall": figures.calls < PageDesk.smallCalls,
        ]
        .merging(Self.manner(course)) { $1 }
    }

    /// How the agent answered.
    private static func manner(_ course: AgentCourse?) -> View {
        [
            "p50": PageWords.response(course?.responses.percentile(0.5)),
            "p95": PageWords.response(course?.responses.percentile(0.95)),
            "answers": PageWords.count(course?.responses.total ?? 0, "measured answer"),
            "interruptions": PageWords.mean(course?.interruptionsPerCall),
        ]
    }

    private func versionRow(_ course: AgentCourse, _ names: [String: String]) -> View {
        let figures = course.figures
        return [
            "name": names[course.agentID] ?? course.agentID,
            "version": Self.label(ofVersion: course.versionID),
            "calls": PageWords.count(figures.calls),
            "successInterval": Share(figures.success, of: figures.success + figures.failure)?
                .text ?? "–",
            "conversion": Share(figures.conversions, of: figures.qualified)?.text ?? "–",
            "average": PageWords.duration(figures.averageSeconds),
            "total": PageWords.money(figures.agentCost),
            "isSmall": figures.calls < PageDesk.smallCalls,
        ]
        .merging(Self.manner(course)) { $1 }
    }

    // MARK: How calls ended

    /// The reasons that any of the calls have.
    private static func endings(_ courses: some Sequence<AgentCourse>) -> [CallEnding] {
        let seen = courses.reduce(into: Set<CallEnding>()) { $0.formUnion($1.endings.keys) }
        return CallEnding.allCases.filter(seen.contains)
    }

    private func endingRow(
        _ course: AgentCourse,
        _ names: [String: String],
        _ endings: [CallEnding]
    ) -> View {
        let calls = course.endings.values.reduce(0, +)
        return [
            "name": names[course.agentID] ?? course.agentID,
            "cells": endings.map { ending -> View in
                let count = course.endings[ending] ?? 0
                return [
                    "count": PageWords.count(count), "share": PageWords.share(count, of: calls),
                ]
            },
        ]
    }
}
