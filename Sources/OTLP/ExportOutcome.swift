/// What became of a batch of spans. Texts are for people.
enum ExportOutcome: Hashable, Sendable {
    /// But for so many of them, and why.
    case taken(rejected: Int, String)
    /// May work another time.
    case later(String)
    case refused(String)

    /// Which failures are worth another try: OTLP specification, "Failures" of OTLP/gRPC. RESOURCE_EXHAUSTED is one
    /// only with a note that we do not read.
    private static let temporaryCodes: Set<Int> = [1, 4, 10, 11, 14, 15]
    private static let temporaryStatuses: Set<Int> = [429, 502, 503, 504]

    /// - Parameter count: spans of the batch.
    init(_ answer: UnaryAnswer, of count: Int) {
        switch answer {
        case .message(let bytes):
            // It has them, whatever it says about that.
            let success = (try? WireExportTraceServiceResponse(serializedBytes: bytes))?.partialSuccess
            let rejected = Int(clamping: success?.rejectedSpans ?? 0)
            self = .taken(rejected: min(max(0, rejected), count), UnaryAnswer.cut(success?.errorMessage ?? ""))
        case .status(let code, let text):
            let what = "gRPC status \(code)" + (text.isEmpty ? "" : ": \(text)")
            self = Self.temporaryCodes.contains(code) ? .later(what) : .refused(what)
        case .http(let status):
            let what = "HTTP status \(status) instead of gRPC; is this the collector's gRPC port, often 4317?"
            self = Self.temporaryStatuses.contains(status) ? .later(what) : .refused(what)
        case .broken(let why): self = .later(why)
        }
    }
}
