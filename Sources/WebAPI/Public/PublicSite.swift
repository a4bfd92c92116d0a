import CallStore

/// Where the server stands for the world, and what of it anybody may ask for.
package struct PublicSite: Sendable {
    /// How others reach it, without a slash at the end; links in codes and mails begin so.
    package let address: String

    /// What pages of others may load.
    package let files: PublicFiles

    package init(
        address: String = "http://127.0.0.1:9000",
        files: PublicFiles = .none
    ) {
        self.address = address
        self.files = files
    }

    /// The address that a code with a token leads to.
    package func link(token: String) -> String {
        TokenTarget.link(token: token, at: address)
    }
}
