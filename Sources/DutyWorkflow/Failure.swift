/// Why an outside call did not work.
package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
    package var reason: String
    /// Whether trying again may help.
    package var isTemporary: Bool

    package init(reason: String, isTemporary: Bool) {
        self.reason = reason
        self.isTemporary = isTemporary
    }

    package var description: String { reason }
}
