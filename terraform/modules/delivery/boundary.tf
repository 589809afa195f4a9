# What a role of a place can do at most, whatever its own policies say. The role that applies makes no role without it,
# so it cannot make one that can do more than this: nothing here makes roles, assumes them, or leaves the place's names.

locals {
  boundary = { for environment, place in var.places : environment => [
    {
      Sid      = "DataOfThePlace"
      Effect   = "Allow"
      Action   = "s3:*"
      Resource = ["arn:aws:s3:::${place}-*"]
    },
    {
      Sid      = "SecretsOfThePlace"
      Effect   = "Allow"
      Action   = "secretsmanager:GetSecretValue"
      Resource = "arn:aws:secretsmanager:${var.region}:${var.account_id}:secret:${place}/*"
    },
    {
      Sid       = "KeyOfThePlace"
      Effect    = "Allow"
      Action    = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ListGrants"]
      Resource  = "arn:aws:kms:${var.region}:${var.account_id}:key/*"
      Condition = { StringEquals = { "aws:ResourceTag/place" = place } }
    },
    {
      Sid      = "PushImagesOfThePlace"
      Effect   = "Allow"
      Action   = "ecr:*"
      Resource = "arn:aws:ecr:${var.region}:${var.account_id}:repository/${place}/*"
    },
    {
      Sid      = "PullImages" # those of the cluster's add-ons are in an account of AWS's
      Effect   = "Allow"
      Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer"]
      Resource = "*"
    },
    {
      Sid    = "MachinesAndTheirNetwork"
      Effect = "Allow"
      Action = [
        "autoscaling:*",
        "ec2:*",
        "ec2messages:*",
        "eks-auth:AssumeRoleForPodIdentity",
        "eks:Describe*",
        "elasticloadbalancing:*",
        "logs:Create*",
        "logs:Describe*",
        "logs:PutLogEvents",
        "logs:PutRetentionPolicy",
        "ssm:Describe*",
        "ssm:Get*",
        "ssm:List*",
        "ssm:Put*",
        "ssm:Update*",
        "ssmmessages:*",
      ]
      Resource  = "*"
      Condition = { StringEquals = { "aws:RequestedRegion" = var.region } }
    },
    {
      Sid       = "LoadBalancersOwnRole"
      Effect    = "Allow"
      Action    = "iam:CreateServiceLinkedRole"
      Resource  = "arn:aws:iam::${var.account_id}:role/aws-service-role/elasticloadbalancing.amazonaws.com/*"
      Condition = { StringEquals = { "iam:AWSServiceName" = "elasticloadbalancing.amazonaws.com" } }
    },
  ] }
}

resource "aws_iam_policy" "boundary" {
  for_each = var.places

  name        = "${var.name}-${each.key}-boundary"
  description = "The most that a role of ${each.value} can do"
  policy      = jsonencode({ Version = "2012-10-17", Statement = local.boundary[each.key] })
}
