/// What a command tells people while it works.
package struct CommandNotes: Sendable {
    /// A result: standard output.
    package var say: @Sendable (String) -> Void
    /// Worth a second look: standard error.
    package var warn: @Sendable (String) -> Void

    package init(say: @escaping @Sendable (String) -> Void, warn: @escaping @Sendable (String) -> Void) {
        self.say = say
        self.warn = warn
    }
}

extension String {
    /// `1 validator`, `2 validators`.
    static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
