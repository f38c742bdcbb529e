"""What the APIs take and answer: the models their routes really use, and the OpenAPI document made of them."""
