import Ethereum
import SSZ
import Testing

@testable import Doctor

@Suite("since when findings hold")
struct CaseHistoryTests {
    private static func finding(_ subject: String, _ sentence: String = "It is so.") -> Finding {
        Finding(.peerMissing, of: subject, .peers, .warning, sentence, cure: "Mend it.")
    }

    private static func at(_ seconds: UInt64) -> Instant { Instant(unixSeconds: 1_800_000_000 + seconds) }

    @Test("shows at once, is told when seen twice, and keeps its begin while numbers change")
    func begins() {
        var history = CaseHistory()
        #expect(history.take([Self.finding("1")], at: Self.at(0)).begun == [])
        #expect(history.current.map(\.since) == [Self.at(0)])
        #expect(history.take([Self.finding("1", "It is 5.")], at: Self.at(12)).begun.map(\.subject) == ["1"])
        #expect(history.take([Self.finding("1", "It is 6.")], at: Self.at(24)).begun == [])
        #expect(history.current.map(\.finding.sentence) == ["It is 6."])
        #expect(history.current.map(\.since) == [Self.at(0)])
    }

    @Test("what is gone for a moment is not over; what was never told ends untold")
    func ends() {
        var history = CaseHistory()
        for time in [0, 12] as [UInt64] { _ = history.take([Self.finding("1")], at: Self.at(time)) }
        #expect(history.take([], at: Self.at(24)).ended.isEmpty && history.current.isEmpty)
        _ = history.take([Self.finding("1"), Self.finding("2")], at: Self.at(36))
        #expect(history.current.map(\.since) == [Self.at(0), Self.at(36)])
        #expect(history.take([], at: Self.at(48)).ended.isEmpty)
        #expect(history.take([], at: Self.at(60)).ended.isEmpty)
        let news = history.take([], at: Self.at(72))
        #expect(news.ended.map(\.finding.subject) == ["1"] && news.ended.map(\.since) == [Self.at(0)])
        // Later it is another one.
        for time in [84, 96] as [UInt64] { _ = history.take([Self.finding("1")], at: Self.at(time)) }
        #expect(history.current.map(\.since) == [Self.at(84)])
    }

    @Test("two subjects are two cases, twice the same is one")
    func subjects() {
        var history = CaseHistory()
        let findings = [Self.finding("1"), Self.finding("2"), Self.finding("1")]
        _ = history.take(findings, at: Self.at(0))
        #expect(history.take(findings, at: Self.at(12)).begun.map(\.subject) == ["1", "2"])
        #expect(history.current.count == 2)
    }

    @Test("the page has what programs read, and reads back")
    func page() throws {
        var history = CaseHistory()
        _ = history.take([Self.finding("1")], at: Self.at(0))
        let report = DoctorReport(checkedAt: Self.at(0), history.current)
        let expected: JSONValue = [
            "checked_at": "2027-01-15T08:00:00Z",
            "findings": [
                [
                    "id": "peer-missing", "layer": "peers", "severity": "warning", "sentence": "It is so.",
                    "cure": "Mend it.", "since": "2027-01-15T08:00:00Z",
                ]
            ],
        ]
        #expect(report.json == expected)
        #expect(try DoctorReport(json: expected) == report)
        #expect(!report.hasErrors && report.text.hasPrefix("! warning, peers: It is so.\n    Mend it.\n"))
        let empty = DoctorReport(checkedAt: nil, [])
        #expect(try DoctorReport(json: empty.json) == empty)
    }

    @Test(
        "what is no such page is refused",
        arguments: [
            "{}", "[]", #"{"checked_at":5,"findings":[]}"#, #"{"checked_at":null,"findings":{}}"#,
            #"{"checked_at":null,"findings":[{"id":"a"}]}"#,
            #"{"checked_at":null,"findings":[{"id":"a","layer":"b","severity":"bad","sentence":"c","cure":"d"}]}"#,
        ])
    func refused(text: String) throws {
        let json = try JSONValue(parsing: Array(text.utf8))
        #expect(throws: SSZError.self) { try DoctorReport(json: json) }
    }
}
