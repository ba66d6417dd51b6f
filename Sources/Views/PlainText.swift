/// Words of other people and programs, made safe to show: they shall not move the cursor, turn the writing direction or
/// hide anything.
package enum PlainText {
    /// Printable and cut to size; a character that is not printable becomes `?`.
    ///
    /// - Parameter charactersMax: Unicode scalars.
    package static func cleaned(_ text: String, charactersMax: Int = 128) -> String {
        let scalars = text.unicodeScalars.prefix(charactersMax).map { scalar -> Unicode.Scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: "?"
            default: scalar
            }
        }
        return String(String.UnicodeScalarView(scalars))
    }
}
