# Evidently's pages behind a proxy that asks who comes. One small machine, made anew if it dies: it keeps nothing,
# reads the nights' snapshots from the lake every five minutes, and cannot write to it.

locals {
  host = "drift.${var.domain}"
  port = 8443

  folders = [for use_case in var.use_cases : "${var.prefix}/${use_case}/drift/workspace"]
}

resource "aws_launch_template" "this" {
  name_prefix            = "${var.name}-drift-"
  image_id               = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
  instance_type          = var.instance_type
  vpc_security_group_ids = [aws_security_group.this.id]
  update_default_version = true

  user_data = base64encode(templatefile("${path.module}/start.sh.tftpl", {
    region    = var.region
    registry  = split("/", var.image)[0]
    image     = var.image
    bucket    = var.bucket
    folders   = local.folders
    secret_id = aws_secretsmanager_secret.users.name
    port      = local.port
  }))

  iam_instance_profile {
    arn = aws_iam_instance_profile.this.arn
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1 # the container with Evidently gets no credentials
  }

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      encrypted   = true
      volume_size = 30
      volume_type = "gp3"
    }
  }

  monitoring {
    enabled = true
  }

  tag_specifications {
    resource_type = "instance"
    tags          = { Name = "${var.name}-drift" }
  }
}

resource "aws_autoscaling_group" "this" {
  name                      = "${var.name}-drift"
  min_size                  = var.image == "" ? 0 : 1 # the first apply makes the registry, the image comes after
  max_size                  = 1
  vpc_zone_identifier       = var.subnet_ids
  target_group_arns         = [aws_lb_target_group.this.arn]
  health_check_type         = "ELB"
  health_check_grace_period = 600

  launch_template {
    id      = aws_launch_template.this.id
    version = aws_launch_template.this.latest_version
  }

  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = 0
    }
  }

  tag {
    key                 = "Name"
    value               = "${var.name}-drift"
    propagate_at_launch = true
  }
}
