/// What an answer is worth to who asked.
package enum Rated<Answer> {
    case good(Answer)
    /// Taken if no node has a better one soon. With what is wrong with it, for people.
    case makeshift(Answer, flaw: String)
}

extension Rated: Sendable where Answer: Sendable {}
