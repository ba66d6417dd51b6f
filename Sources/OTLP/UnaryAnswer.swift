/// What a gRPC call with one message each way came to.
enum UnaryAnswer: Hashable, Sendable {
    /// Status 0, with the message.
    case message([UInt8])
    /// Another status, and its text.
    case status(Int, String)
    /// No gRPC.
    case http(Int)
    /// No whole answer, and why.
    case broken(String)

    /// Of another program's words, in characters.
    private static let textMax = 240

    /// Printable, and cut to size.
    static func cut(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.prefix(textMax).map { $0.isPrintable ? $0 : "?" }))
    }
}

extension Unicode.Scalar {
    fileprivate var isPrintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}
