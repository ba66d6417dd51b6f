/// A flag that cannot work. For people.
package struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    package let flag: String
    package let what: String
    package let cure: String

    package init(flag: String, what: String, cure: String) {
        self.flag = flag
        self.what = what
        self.cure = cure
    }

    package var description: String { "--\(flag) \(what); \(cure)" }
}
