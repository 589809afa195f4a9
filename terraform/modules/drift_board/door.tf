# From the entrance to the proxy, by TLS, and from the machine to AWS.

resource "aws_lb_target_group" "this" {
  name     = "${var.name}-drift"
  port     = local.port
  protocol = "HTTPS"
  vpc_id   = var.vpc_id

  health_check {
    path     = "/alive" # the only page without a password
    protocol = "HTTPS"
    matcher  = "204"
  }
}

resource "aws_lb_listener_rule" "this" {
  listener_arn = var.listener_arn

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }

  condition {
    host_header {
      values = [local.host]
    }
  }
}

resource "aws_security_group" "this" {
  name        = "${var.name}-drift"
  description = "The drift board from the entrance"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "this" {
  security_group_id            = aws_security_group.this.id
  description                  = "From the entrance"
  referenced_security_group_id = var.entrance_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

resource "aws_vpc_security_group_egress_rule" "this" {
  security_group_id = aws_security_group.this.id
  description       = "TLS to S3, which has the packages of Amazon Linux too, to ECR and Secrets Manager"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
