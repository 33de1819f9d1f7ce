"""What readers call the kinds of event that the built-in stage models know."""

from __future__ import annotations

from collections.abc import Mapping

# Names as the sources give them: GA4's, those of Segment's ecommerce events, words of a shop's own systems.
EVENTS: Mapping[str, Mapping[str, str]] = {
    name: {"vi": vietnamese, "en": english}
    for names, vietnamese, english in (
        (("impression", "ad_impression", "view_promotion"), "thấy quảng cáo", "seeing an advertisement"),
        (("click",), "bấm vào", "click"),
        (("open",), "mở tin nhắn", "opening a message"),
        (("visit", "session_start"), "vào trang", "visit to the site"),
        (("first_visit",), "vào trang lần đầu", "first visit to the site"),
        (("page_view", "Page Viewed", "screen_view"), "xem trang", "page view"),
        (("scroll",), "cuộn trang", "scrolling"),
        (("user_engagement",), "dừng lại đọc", "staying on a page"),
        (("video_start",), "xem video", "starting a video"),
        (("select_content",), "chọn nội dung", "choosing content"),
        (("search", "Products Searched"), "tìm kiếm", "search"),
        (("view_search_results",), "xem kết quả tìm kiếm", "seeing search results"),
        (("view_item", "Product Viewed"), "xem sản phẩm", "viewing a product"),
        (("view_item_list", "Product List Viewed"), "xem danh sách sản phẩm", "viewing a list of products"),
        (("select_item",), "chọn sản phẩm", "choosing a product"),
        (("message",), "tin nhắn", "message"),
        (("chat",), "trò chuyện", "chat"),
        (("call",), "cuộc gọi", "call"),
        (("check_in",), "đến cửa hàng hoặc sự kiện", "coming to a store or event"),
        (("inquiry", "generate_lead"), "hỏi mua", "inquiry"),
        (("sign_up", "Signed Up"), "đăng ký", "signing up"),
        (("login",), "đăng nhập", "logging in"),
        (("join_group",), "tham gia nhóm", "joining a group"),
        (("add_to_wishlist",), "lưu sản phẩm yêu thích", "saving a product"),
        (("add_to_cart", "Product Added"), "thêm vào giỏ", "adding to the basket"),
        (("view_cart", "Cart Viewed"), "xem giỏ hàng", "viewing the basket"),
        (("begin_checkout", "Checkout Started"), "bắt đầu thanh toán", "starting to check out"),
        (("add_shipping_info",), "nhập địa chỉ giao hàng", "giving the address"),
        (("add_payment_info",), "nhập cách thanh toán", "giving the payment"),
        (("checkout_error",), "lỗi khi thanh toán", "error at checkout"),
        (("purchase", "Order Completed"), "mua hàng", "purchase"),
        (("refund", "Order Refunded"), "hoàn tiền", "refund"),
        (("return",), "trả hàng", "return"),
        (("Order Cancelled",), "hủy đơn", "cancelled order"),
        (("ticket",), "phiếu hỗ trợ", "service ticket"),
        (("survey",), "trả lời khảo sát", "answering a survey"),
        (("review", "Product Reviewed"), "viết đánh giá", "review"),
        (("share", "Product Shared"), "chia sẻ", "sharing"),
        (("refer", "referral", "invite"), "giới thiệu bạn bè", "referring a friend"),
    )
    for name in names
}
