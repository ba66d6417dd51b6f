/// An error that is for people, not a usage error.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String

    /// - Parameter description: may quote what others wrote: it shall not move the cursor.
    init(_ description: String) { self.description = description.withoutControls }
}

extension String {
    /// With a sign in place of each control character but line breaks.
    var withoutControls: String {
        let scalars = unicodeScalars.map { scalar -> Unicode.Scalar in
            scalar.properties.generalCategory == .control && scalar != "\n" ? "\u{fffd}" : scalar
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
