import Ethereum

/// Since when findings hold, and which are news. What comes or goes for a moment is not told.
package struct CaseHistory: Sendable {
    package struct Case: Hashable, Sendable {
        package let finding: Finding
        package let since: Instant
    }

    package struct News: Sendable {
        package var begun: [Finding] = []
        package var ended: [Case] = []
    }

    private struct Key: Hashable, Sendable {
        let id: FindingID
        let subject: String
    }

    private struct Open: Sendable {
        var finding: Finding
        let since: Instant
        var sightings = 0
        var absences = 0
    }

    /// Examinations in a row until it is told: what is mended at once, as after a start, is no news.
    private static let sightingsMin = 2
    /// Examinations without it until it is over.
    private static let absencesMax = 3

    private var open: [Key: Open] = [:]
    /// As of the last examination, in its order.
    package private(set) var current: [Case] = []

    package init() {}

    package mutating func take(_ findings: [Finding], at now: Instant) -> News {
        var news = News()
        var seen: Set<Key> = []
        current = []
        for finding in findings {
            let key = Key(id: finding.id, subject: finding.subject)
            guard seen.insert(key).inserted else { continue }
            var entry = open[key] ?? Open(finding: finding, since: now)
            entry.finding = finding
            entry.sightings += 1
            entry.absences = 0
            if entry.sightings == Self.sightingsMin { news.begun.append(finding) }
            open[key] = entry
            current.append(Case(finding: finding, since: entry.since))
        }
        for (key, entry) in open where !seen.contains(key) {
            let wasTold = entry.sightings >= Self.sightingsMin
            if wasTold, entry.absences + 1 < Self.absencesMax {
                open[key]?.absences += 1
            } else {
                open[key] = nil
                if wasTold { news.ended.append(Case(finding: entry.finding, since: entry.since)) }
            }
        }
        news.ended.sort { a, b in
            (a.since, a.finding.id.rawValue, a.finding.subject) < (b.since, b.finding.id.rawValue, b.finding.subject)
        }
        return news
    }
}
