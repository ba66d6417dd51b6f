import Testing

@testable import OTLP

@Suite("ExportOutcome")
struct ExportOutcomeTests {
    @Test("which statuses are worth another try", arguments: [1, 4, 10, 11, 14, 15])
    func temporary(code: Int) {
        #expect(ExportOutcome(.status(code, ""), of: 5) == .later("gRPC status \(code)"))
    }

    @Test("and which are not", arguments: [2, 3, 5, 6, 7, 8, 9, 12, 13, 16, 17, .max])
    func refused(code: Int) {
        #expect(ExportOutcome(.status(code, "no"), of: 5) == .refused("gRPC status \(code): no"))
    }

    @Test("a proxy's troubles pass, a wrong port stays wrong")
    func http() {
        for status in [429, 502, 503, 504] {
            guard case .later = ExportOutcome(.http(status), of: 5) else {
                Issue.record("\(status)")
                continue
            }
        }
        for status in [200, 401, 404, 500] {
            guard case .refused = ExportOutcome(.http(status), of: 5) else {
                Issue.record("\(status)")
                continue
            }
        }
    }

    @Test("a part may be rejected, and never more than there was", arguments: [(3, 3), (99, 5), (-7, 0), (0, 0)])
    func partial(told: Int64, rejected: Int) throws {
        let answer = WireExportTraceServiceResponse.with {
            $0.partialSuccess = .with {
                $0.rejectedSpans = told
                $0.errorMessage = "too old\u{1b}[2J"
            }
        }
        let bytes: [UInt8] = try answer.serializedBytes()
        #expect(ExportOutcome(.message(bytes), of: 5) == .taken(rejected: rejected, "too old?[2J"))
    }

    @Test("an answer nobody can read is still a yes")
    func garbage() {
        #expect(ExportOutcome(.message([0xff, 0xff, 0xff]), of: 5) == .taken(rejected: 0, ""))
    }
}
